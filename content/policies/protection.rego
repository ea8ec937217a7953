# A fix never takes away what protects data or a host.
package quell.fix.protection

marks := [
	`\b(deletion_protection|deletion_protection_enabled|prevent_destroy)\s*=\s*false`,
	`\b(skip_final_snapshot|force_destroy|force_delete)\s*=\s*true`,
	`\b(encrypted|storage_encrypted|enable_key_rotation)\s*=\s*false`,
	`\b(privileged|allowPrivilegeEscalation|hostNetwork|hostPID|hostIPC)\s*:\s*true`,
	`\bHEALTHCHECK\s+NONE\b`,
	`^\s*USER\s+(root|0)\b`,
]

marked := concat("|", [sprintf("(?:%s)", [mark]) | some mark in marks])

deny contains "an added line takes away a protection" if {
	some line in input.added
	regex.match(marked, line)
}
