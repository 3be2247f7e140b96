package reeve.tested.syntax

violation contains {
