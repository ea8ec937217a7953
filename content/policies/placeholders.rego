# A fix never ships a value that somebody has to replace.
package quell.fix.placeholders

marks := [
	`(?i)\bchange[-_ ]?me\b`,
	`(?i)\breplace[-_ ]?me\b`,
	`(?i)\b(todo|fixme)\b`,
	`(?i)<(your|my|insert|some)[-_ ][^>]*>`,
	`(?i)"your[-_ ]`,
	`\b123456789012\b`,
	`(?i)\bxxxx+\b`,
]

marked := concat("|", [sprintf("(?:%s)", [mark]) | some mark in marks])

deny contains "an added line holds a placeholder" if {
	some line in input.added
	regex.match(marked, line)
}
