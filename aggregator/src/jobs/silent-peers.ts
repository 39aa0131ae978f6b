// Helpers that do not answer. A request that waits for one keeps one of the driver's places for a minute, and a task
// may have 32 of them: its helper's outage would be that of all other tasks. So of the tasks whose last request to a
// helper had no answer, one request at a time finds out whether it is back, and the others are told at once that it is
// not. A task that is answered is not among them: another one's jobs may be too much for the same helper.

import { type Peer, PeerUnavailable } from "./peer.js";

export function withSilentPeers(peer: Peer): Peer {
  /** Of the tasks whose last request had no answer, by their keys: what it said. */
  const silences = new Map<number, string>();
  /** The URLs of helpers that one of these tasks asks. */
  const asked = new Set<string>();
  return {
    async send(task, request, signal) {
      const { url } = task.peer;
      const why = silences.get(task.key);
      if (why !== undefined) {
        if (asked.has(url)) throw new PeerUnavailable(why);
        asked.add(url);
      }
      try {
        const response = await peer.send(task, request, signal);
        silences.delete(task.key);
        return response;
      } catch (error) {
        // Any other error is one of this process, such as that it stops.
        if (error instanceof PeerUnavailable) silences.set(task.key, error.message);
        throw error;
      } finally {
        // Requests from before the silence end later, and leave this alone.
        if (why !== undefined) asked.delete(url);
      }
    },
  };
}
