export * from './role.authorizer';
export * from './ship.service';
export * from './token.service';
export * from './user.service';
