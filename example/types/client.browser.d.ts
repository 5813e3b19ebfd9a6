/** The page imports the package as one file. */
export * from 'loopback4-socket-client';
