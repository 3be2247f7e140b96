# METADATA
# title: Unknown function
# custom:
#   reeve:
#     severity: low
#     kinds: [Pod]
package reeve.custom.unknown_function

violation contains {"msg": nothing_like_it(input)}
