// Helpers that do not answer. A request that waits for one keeps one of the driver's places for a minute, and a task
// may have 32 of them: its helper's outage would be that of all other tasks. So while a helper is silent, one request
// at a time finds out whether it is back, and the others are told at once that it is not.

import { type Peer, PeerUnavailable } from "./peer.js";

interface Silence {
  /** What the last request without an answer said. */
  why: string;
  /** Whether a request finds out. Only its own end changes that: others, from before the silence, end later. */
  isAsked: boolean;
}

export function withSilentPeers(peer: Peer): Peer {
  /** By the helpers' URLs. */
  const silences = new Map<string, Silence>();
  return {
    async send(task, request, signal) {
      const { url } = task.peer;
      const asked = silences.get(url);
      if (asked?.isAsked === true) throw new PeerUnavailable(asked.why);
      if (asked !== undefined) asked.isAsked = true;
      try {
        const response = await peer.send(task, request, signal);
        silences.delete(url);
        return response;
      } catch (error) {
        if (asked !== undefined) asked.isAsked = false;
        // Any other error is one of this process, such as that it stops.
        if (error instanceof PeerUnavailable) {
          const silence = silences.get(url);
          if (silence === undefined) silences.set(url, { why: error.message, isAsked: false });
          else silence.why = error.message;
        }
        throw error;
      }
    },
  };
}
