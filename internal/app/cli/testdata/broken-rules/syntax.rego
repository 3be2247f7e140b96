package reeve.custom.syntax

violation contains {"msg": "x"} if {
