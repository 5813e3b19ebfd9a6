/** A mistake that the user can repair. The command prints the message, and its exit code is 1. */
export class Problem extends Error {}
