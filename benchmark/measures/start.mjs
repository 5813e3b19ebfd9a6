/** From the start of the process until it listens, in milliseconds. */
export const start = {
  name: 'start',
  methods: [1, 200],
  withoutSockets: true,
  async turn(session, {methods}) {
    const {time, cpu} = session.started;
    return {[`start-${methods}`]: time / 1000, [`start-cpu-${methods}`]: cpu / 1000};
  },
};
