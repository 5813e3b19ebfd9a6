// A live feed, an upload, and a question of the server.
import {admin, byId, member, showReply} from './app.js';

byId('watch').addEventListener('click', async () => {
  byId('watch').disabled = true;
  byId('watch-message').textContent = '';
  try {
    // With an `id` the stream goes on after a lost connection.
    const positions = await member.call.positions(undefined, {id: true});
    byId('stop').onclick = () => positions.return();
    byId('stop').disabled = false;
    for await (const position of positions) show(position);
  } catch (error) {
    byId('watch-message').textContent = error.message;
  } finally {
    byId('watch').disabled = false;
    byId('stop').disabled = true;
  }
});

/**
 * Shows the position of a ship in its own line.
 *
 * @param {import('./api').Position} position
 */
function show({ship, x, y}) {
  const id = `ship-${ship}`;
  const newLine = () => Object.assign(document.createElement('li'), {id});
  const line = byId(id) ?? byId('ships').appendChild(newLine());
  line.textContent = `${ship} is at ${x}, ${y}.`;
}

byId('photo-form').addEventListener('submit', event => {
  event.preventDefault();
  const [upload] = byId('photo').files;
  const progress = byId('progress');
  Object.assign(progress, {value: 0, max: upload.size});
  const onProgress = sent => (progress.value = sent);
  const receipt = member.call.photo(undefined, {upload, onProgress, id: true});
  void showReply(receipt, 'received');
});

byId('delete-form').addEventListener('submit', event => {
  event.preventDefault();
  // The server waits up to 30 seconds for the answer to its question.
  const options = {timeout: 35_000};
  const record = {id: byId('record').valueAsNumber};
  void showReply(admin.call.deleteRecord(record, options), 'deleted');
});

// `deleteRecord` asks this. `signal` is aborted when another tab has answered.
admin.answer('confirm', ({question}, {signal}) => {
  const dialog = byId('question').content.firstElementChild.cloneNode(true);
  dialog.querySelector('p').textContent = question;
  document.body.append(dialog);
  dialog.showModal();
  signal.addEventListener('abort', () => dialog.close());
  return new Promise(resolve => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
});
