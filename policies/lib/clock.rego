# Package clock tells how long ago something was.
package reeve.lib.clock

# A hundred years, in minutes.
longest := 52560000

# The moment that many minutes ago, or to come if they are negative, as Kubernetes writes times.
# Such texts stand in the order of the times they name, so they are compared as they are: nothing has
# to be parsed, which would fail on what is no time.
ago(minutes) := time.format(time.now_ns() - (minutes * 60000000000)) if {
	minutes < longest
	minutes > 0 - longest
} else := "0000" if {
	minutes > 0
} else := "9999"
