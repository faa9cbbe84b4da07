"""Names of the properties that our artifacts have besides TFX's own."""

# Of a blessing: the answer in words.
VERDICT_PROPERTY = "verdict"
