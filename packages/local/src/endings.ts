/** How what was started is ended again. */

/** The newest first; the list is empty afterwards. One that fails keeps no other from ending: the first failure is thrown after all. */
export async function endAll(endings: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const end of endings.splice(0).reverse()) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
