import {writeFileSync} from 'node:fs';
import {Session} from 'node:inspector/promises';

const inspector = new Session();

/** CPU profiles of what is measured, without what comes before it. */
export const profiler = {
  async startProfile() {
    inspector.connect();
    await inspector.post('Profiler.enable');
    await inspector.post('Profiler.setSamplingInterval', {interval: 200});
    await inspector.post('Profiler.start');
  },
  async stopProfile({file}) {
    const {profile} = await inspector.post('Profiler.stop');
    inspector.disconnect();
    writeFileSync(file, JSON.stringify(profile));
  },
};
