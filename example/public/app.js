// `src/application.ts` serves this file from the package `loopback4-socket-client`.
import {SocketClient} from './client.browser.js';

// `types/api.ts` is generated: a change of the server that this page does not know is an error of its build.
/** @typedef {SocketClient<import('./api').Api, import('./api').Events>} MemberClient */
/** @typedef {SocketClient<import('./api').AdminApi, import('./api').AdminEvents>} AdminClient */

/** @type {(id: string) => any} */
export const byId = id => document.getElementById(id);

/** Most states that the page lists. */
const MOST_STATES = 20;

/** The promise of the reply of the login, `{token}`. Both clients authenticate with it, at each connection. */
let login;

/** The credentials of both clients: called at each connection, and when the token expires. */
function credentials(reason) {
  if (reason === 'expiring') login = undefined;
  login ??= logIn(byId('email').value, byId('password').value);
  return login;
}

async function logIn(email, password) {
  try {
    const response = await fetch('/users/login', {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify({email, password}),
    });
    const body = await response.json();
    // With its `statusCode` of 401 the client is `unauthorized`, and shows the message.
    if (!response.ok) throw body.error;
    return body;
  } catch (error) {
    login = undefined;
    throw error;
  }
}

// Clients of one page share a connection; each authenticates for itself.
const options = {credentials, timeout: 5000};
/** @type {MemberClient} */
export const member = new SocketClient('/', options);
/** @type {AdminClient} */
export const admin = new SocketClient('/admin', options);

show(member, {
  state: 'state',
  message: 'message',
  calls: ['member-calls', 'record-calls', 'ship-calls', 'photo-calls'],
});
show(admin, {
  state: 'admin-state',
  message: 'admin-message',
  calls: ['admin-calls', 'announce-calls', 'delete-calls'],
});

/** Shows the state of a client now and after each change. */
function show(client, {state, message, calls}) {
  const update = () => {
    byId(state).textContent = client.state;
    byId(state).dataset.state = client.state;
    byId(message).textContent = client.error?.message ?? '';
    for (const id of calls) byId(id).disabled = client.state !== 'authenticated';
  };
  client.subscribe(update);
  update();
}

const states = [member.state];
member.subscribe(() => {
  states.push(member.state);
  byId('states').textContent = states.slice(-MOST_STATES).join(' → ');
});

/** Shows the result or the error of a call. */
export async function showReply(call, output) {
  let reply;
  try {
    reply = {result: await call};
  } catch ({statusCode, code, message, sent}) {
    reply = {error: {statusCode, code, message, sent}};
  }
  byId(output).textContent = JSON.stringify(reply, null, 2);
}

for (const name of /** @type {const} */ (['welcome', 'announcement', 'message'])) {
  member.on(name, payload => {
    const item = document.createElement('li');
    item.textContent = `${name} ${JSON.stringify(payload)}`;
    byId('events').append(item);
  });
}

member.on('welcome', ({role}) => {
  byId('admin').hidden = role !== 'admin';
  if (role === 'admin') void admin.connect();
});

function forget() {
  login = undefined;
  admin.disconnect();
  member.disconnect();
  byId('admin').hidden = true;
  for (const output of document.querySelectorAll('pre, ol, ul')) output.textContent = '';
}

byId('login-form').addEventListener('submit', event => {
  event.preventDefault();
  forget();
  // `credentials` is given again, so that the client does not wait for an earlier login.
  void member.authenticate(credentials);
});

byId('get-profile').addEventListener('click', () => {
  void showReply(member.call.getProfile(), 'profile');
});

byId('records-form').addEventListener('submit', event => {
  event.preventDefault();
  const page = {skip: byId('skip').valueAsNumber, limit: byId('limit').valueAsNumber};
  void showReply(member.call.getRecords(page), 'records');
});

byId('get-statistics').addEventListener('click', () => {
  void showReply(admin.call.getStatistics(), 'statistics');
});

byId('announce-form').addEventListener('submit', event => {
  event.preventDefault();
  // The method is a REST operation as well: `body` is the body of its request.
  void showReply(admin.call.announce({body: {text: byId('text').value}}), 'announced');
});
