export * from './user.service';
