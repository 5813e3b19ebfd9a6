export * from './role.authorizer';
export * from './token.service';
export * from './user.service';
