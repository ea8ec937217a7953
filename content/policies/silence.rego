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

deny contains "an added line silences a scanner" if {
	some line in input.added
	regex.match(marked, line)
}

deny contains "an added line switches the resource off" if {
	some line in input.added
	regex.match(`^\s*count\s*=\s*0\s*(#.*)?$`, line)
}

deny contains "an added line lets Terraform overlook changes" if {
	some line in input.added
	regex.match(`\bignore_changes\b`, line)
}
