/** The one place of a master key that no file of ours ever has: it is no setting, so that it is in no configuration. */
export const masterKeyVariable = "WEIR_MASTER_KEY";
