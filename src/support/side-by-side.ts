/**
 * Works through a list in its order, several items at a time. After the first failure nothing new is begun; it is
 * thrown when all work under way has ended, so that nothing goes on behind the back of whoever cleans up.
 */
export async function sideBySide<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  let hasFailed = false;
  const lane = async () => {
    try {
      for (let item = waiting.shift(); item !== undefined && !hasFailed; item = waiting.shift()) await work(item);
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}
