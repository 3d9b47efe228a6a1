/** Requests under way at the same time. */
const parallel = 8
/** Milliseconds between requests of one lane when there are few of them, so that there is something to watch. */
const leisurely = 20
const few = 300

/** How fast to send: a few hundred requests take about a second, many are sent as fast as it goes. */
export function traffic(requests: number): { readonly parallel: number; readonly pause: number } {
  return { parallel, pause: requests <= few ? leisurely : Math.floor((leisurely * few) / requests) }
}
