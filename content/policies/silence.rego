# A fix never silences a scanner, and never switches a resource off.
package quell.fix.silence

marks := [
	`(?i)(checkov|bridgecrew):skip`,
	`(?i)tfsec:ignore`,
	`(?i)trivy:ignore`,
	`(?i)kics-scan\s+(ignore|disable)`,
	`(?i)terrascan:skip`,
	`(?i)hadolint\s+ignore`,
	`(?i)semgrep:\s*ignore|nosemgrep`,
	`(?i)\bnosec\b`,
]

marked := concat("|", [sprintf("(?:%s)", [mark]) | some mark in marks])

# A mark that stood in a changed line already silences nothing new.
marks_in(lines) := [mark |
	some line in lines
	some mark in regex.find_n(sprintf("(?:%s).*", [marked]), line, -1)
]

deny contains "an added line silences a scanner" if {
	some mark in marks_in(input.added)
	before := count([one | some one in marks_in(input.removed); one == mark])
	count([one | some one in marks_in(input.added); one == mark]) > before
}

deny contains "an added line switches the resource off" if {
	some line in input.added
	regex.match(`^\s*count\s*=\s*0\s*(#.*)?$`, line)
}

deny contains "an added line lets Terraform overlook changes" if {
	some line in input.added
	regex.match(`\bignore_changes\b`, line)
}
