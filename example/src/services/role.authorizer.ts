import {AuthorizationDecision} from '@loopback/authorization';
import type {Authorizer} from '@loopback/authorization';

/** Decides on `@authorize({allowedRoles: […]})` by the user's role. */
export const authorizeByRole: Authorizer = async ({principals}, {allowedRoles = []}) =>
  principals.some(({role}) => allowedRoles.includes(role as string))
    ? AuthorizationDecision.ALLOW
    : AuthorizationDecision.DENY;
