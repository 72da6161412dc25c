/** What workflows and nodes may be called. */
export const namePattern = /^[a-z][a-zA-Z0-9-]{0,62}$/;
export const nameRule = "a name is a lower-case letter and then up to 62 letters, digits or hyphens";
