package reeve.lib.clock_test

import data.reeve.lib.clock

# 2026-08-01T12:00:00Z
noon := 1785585600000000000

test_counts_back_and_forth_from_now if {
	clock.ago(0) == "2026-08-01T12:00:00Z" with time.now_ns as noon
	clock.ago(90) == "2026-08-01T10:30:00Z" with time.now_ns as noon
	clock.ago(-1440) == "2026-08-02T12:00:00Z" with time.now_ns as noon
}

test_fractions_of_a_second_come_after_it_within_the_second if {
	clock.ago(0) > "2026-08-01T11:59:59Z" with time.now_ns as noon + 5000000
	clock.ago(0) < "2026-08-01T12:00:01Z" with time.now_ns as noon + 5000000
}

test_more_than_a_hundred_years_are_before_and_after_everything if {
	clock.ago(1e15) == "0000" with time.now_ns as noon
	clock.ago(-1e15) == "9999" with time.now_ns as noon
}
