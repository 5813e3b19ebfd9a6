// `io` is a global of /socket.io/socket.io.js, which socket.io serves.
const {io} = window;
const byId = id => document.getElementById(id);

/** The time, in ms, that a call waits for its reply. */
const REPLY_TIMEOUT = 5000;

/** The reply of the login, `{token}`. All sockets authenticate with it. */
let token;

/** Shows the state of one socket, and authenticates it whenever it connects. */
class Session {
  state = 'disconnected';

  constructor(namespace, {state, message, calls}) {
    // The sockets of a page share a connection. Each of them authenticates.
    this.socket = io(namespace, {autoConnect: false});
    this.elements = {state: byId(state), message: byId(message), calls: calls.map(byId)};
    this.socket
      .on('connect', () => {
        this.show('connecting');
        this.socket.emit('authentication', token);
      })
      .on('authenticated', () => this.show('authenticated'))
      .on('unauthorized', error => this.show('unauthorized', error.message))
      .on('disconnect', () => {
        // The server disconnects a refused socket. The page still shows the reason.
        if (this.state !== 'unauthorized') this.show('disconnected');
      })
      .on('connect_error', error => this.show('disconnected', error.message));
    this.socket.io.on('reconnect_attempt', () => {
      if (this.socket.active) this.show('connecting');
    });
  }

  connect() {
    // A socket that reconnects automatically is already active.
    if (this.socket.active) return;
    this.show('connecting');
    this.socket.connect();
  }

  async call(name, args, output) {
    let reply;
    try {
      reply = await this.socket.timeout(REPLY_TIMEOUT).emitWithAck(name, args);
    } catch (error) {
      reply = {error: error.message};
    }
    byId(output).textContent = JSON.stringify(reply, null, 2);
  }

  show(state, message = '') {
    this.state = state;
    this.elements.state.textContent = state;
    this.elements.state.dataset.state = state;
    this.elements.message.textContent = message;
    for (const calls of this.elements.calls) calls.disabled = state !== 'authenticated';
  }
}

const member = new Session('/', {
  state: 'state',
  message: 'message',
  calls: ['member-calls', 'record-calls'],
});
const admin = new Session('/admin', {
  state: 'admin-state',
  message: 'admin-message',
  calls: ['admin-calls', 'announce-calls'],
});

for (const name of ['welcome', 'announcement', 'message']) {
  member.socket.on(name, payload => {
    const item = document.createElement('li');
    item.textContent = `${name} ${JSON.stringify(payload)}`;
    byId('events').append(item);
  });
}

member.socket.on('welcome', ({role}) => {
  byId('admin').hidden = role !== 'admin';
  if (role === 'admin') admin.connect();
});

function forget() {
  token = undefined;
  admin.socket.disconnect();
  member.socket.disconnect();
  byId('admin').hidden = true;
  for (const id of ['profile', 'records', 'events', 'statistics', 'announced']) {
    byId(id).textContent = '';
  }
}

async function logIn(email, password) {
  forget();
  member.show('connecting');
  try {
    const response = await fetch('/users/login', {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify({email, password}),
    });
    const body = await response.json();
    if (!response.ok) {
      member.show('unauthorized', body.error.message);
      return;
    }
    token = body;
    member.connect();
  } catch {
    member.show('disconnected', 'The server cannot be reached.');
  }
}

byId('login-form').addEventListener('submit', async event => {
  event.preventDefault();
  byId('login').disabled = true;
  await logIn(byId('email').value, byId('password').value);
  byId('login').disabled = false;
});

byId('get-profile').addEventListener('click', () => {
  void member.call('getProfile', undefined, 'profile');
});

byId('records-form').addEventListener('submit', event => {
  event.preventDefault();
  const page = {skip: byId('skip').valueAsNumber, limit: byId('limit').valueAsNumber};
  void member.call('getRecords', page, 'records');
});

byId('get-statistics').addEventListener('click', () => {
  void admin.call('getStatistics', undefined, 'statistics');
});

byId('announce-form').addEventListener('submit', event => {
  event.preventDefault();
  // The method is a REST operation as well: `body` is the body of its request.
  void admin.call('announce', {body: {text: byId('text').value}}, 'announced');
});
