import {BindingKey} from '@loopback/core';
import {isObject} from '../common/objects';

// Of @loopback/security, which applications need not have; a copy of our own would have another symbol.

/** The key of `SecurityBindings.USER`. */
export const USER = BindingKey.create<object>('security.user');

/** Returns what a user profile has under `securityId`, whichever copy of the package made the symbol. */
export function securityIdOf(user: unknown): string | number | undefined {
  for (
    let owner = user;
    isObject(owner);
    owner = Object.getPrototypeOf(owner) as unknown
  ) {
    const symbol = Object.getOwnPropertySymbols(owner).find(isSecurityId);
    if (symbol) return (user as Record<symbol, string | number | undefined>)[symbol];
  }
  return undefined;
}

function isSecurityId({description}: symbol): boolean {
  return description === 'securityId';
}
