/** What must never get out. */
export const CANARY = 'canary-4f1c9b';
