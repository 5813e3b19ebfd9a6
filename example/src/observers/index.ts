export * from './seed.observer';
