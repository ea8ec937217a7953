# A fix never opens what was closed. What stood there before is not held against it.
package quell.fix.openness

kinds := {
	"lets every address in": `\b0\.0\.0\.0/0|[^0-9a-f]::/0`,
	"allows every action": `(?i)\b(not_?)?actions?"?\s*[=:]\s*\[?\s*"\*"`,
	"names everybody as principal": `(?i)\b(principals?|identifiers|aws)"?\s*[=:]\s*\[?\s*"\*"`,
	"allows every verb": `(?i)\bverbs\s*:\s*\[?\s*["']?\*`,
	"gives every permission": `(?i)\bpermissions\s*:\s*write-all\b`,
}

deny contains message if {
	some kind, pattern in kinds
	more(pattern)
	not refuses(kind)
	message := sprintf("an added line %s", [kind])
}

more(pattern) if {
	added := [line | some line in input.added; regex.match(pattern, line); not is_words(line)]
	removed := [line | some line in input.removed; regex.match(pattern, line); not is_words(line)]
	count(added) > count(removed)
}

# A description or a comment opens nothing.
is_words(line) if regex.match(`^\s*("?description"?\s*[=:]|#|//)`, line)

# A firewall rule of Google either allows or denies: one that denies all opens nothing.
refuses("lets every address in") if {
	input.fix.control == "gcp.compute.network_without_firewall"
	some line in input.added
	regex.match(`^\s*deny\s*\{`, line)
}
