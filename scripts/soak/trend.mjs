/**
 * The highest point of each of so many stretches. What is lost grows there too; what only comes and goes,
 * such as the TCP connection of a client that is between two polls, does not show.
 */
export function peaksOf(points, stretches = 10) {
  const size = Math.ceil(points.length / stretches);
  return Array.from({length: Math.ceil(points.length / size)}, (_, at) =>
    points
      .slice(at * size, (at + 1) * size)
      .reduce((peak, point) => (point[1] > peak[1] ? point : peak)),
  );
}

/** Mean of points, and by how much the line through them rises from the first to the last. */
export function trendOf(points) {
  const mean = of => of.reduce((sum, value) => sum + value, 0) / of.length;
  const times = points.map(([time]) => time);
  const values = points.map(([, value]) => value);
  const middle = mean(times);
  const level = mean(values);
  let product = 0;
  let square = 0;
  for (const [time, value] of points) {
    product += (time - middle) * (value - level);
    square += (time - middle) ** 2;
  }
  const span = times.at(-1) - times[0];
  return {mean: level, growth: (product / square) * span};
}
