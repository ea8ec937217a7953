# A fix never brings a secret into the code.
package quell.fix.secrets

kinds := {
	"a key of AWS": `\b(A[K]IA|A[S]IA)[0-9A-Z]{16}\b`,
	"a private key": `-----BEGIN [A-Z ]*PRIVATE KEY`,
	"a token of GitHub": `\bgh[pousr]_[0-9A-Za-z]{30,}`,
	"a password in plain text": `(?i)\b\w*(password|secret|token)\s*[=:]\s*"[^"$ ]{8,}"\s*$`,
}

deny contains message if {
	some kind, pattern in kinds
	some line in input.added
	regex.match(pattern, line)
	message := sprintf("an added line holds %s", [kind])
}
