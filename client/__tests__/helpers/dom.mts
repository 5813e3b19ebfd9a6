import {Window} from 'happy-dom';

// Frameworks look for a document when they are loaded: import this file first. Other globals stay Node's, so that
// socket.io-client works as it does in Node.
const window = new Window({url: 'http://localhost/'});
const {document, navigator, Element} = window;
for (const [name, value] of Object.entries({window, document, navigator, Element})) {
  Object.defineProperty(globalThis, name, {value, configurable: true});
}
