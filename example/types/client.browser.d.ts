/** What the page imports is the package, in one file. */
export * from 'loopback4-socket-client';
