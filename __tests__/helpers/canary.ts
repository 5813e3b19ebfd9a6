/** A secret text that must never leave the process. */
export const CANARY = 'canary-4f1c9b';
