/** How many rows or runs one request may ask for, as a text. */
export const limitPattern = /^([1-9]\d?|100)$/;
export const limitRule = "give a whole number from 1 to 100";
