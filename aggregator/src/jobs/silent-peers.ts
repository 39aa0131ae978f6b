// Helpers that do not answer. A request that waits for one keeps one of the driver's places for a minute, and a task
// may have 32 of them: its helper's outage would be that of all other tasks. So while a helper is silent, one request
// at a time finds out whether it is back, and the others are told at once that it is not.

import { type Peer, PeerUnavailable } from "./peer.js";

interface Silence {
  /** What the last request without an answer said. */
  readonly why: string;
  readonly isAsked: boolean;
}

export function withSilentPeers(peer: Peer): Peer {
  /** By the helpers' URLs. */
  const silences = new Map<string, Silence>();
  return {
    async send(task, request, signal) {
      const { url } = task.peer;
      const silence = silences.get(url);
      if (silence?.isAsked === true) throw new PeerUnavailable(silence.why);
      if (silence !== undefined) silences.set(url, { ...silence, isAsked: true });
      try {
        const response = await peer.send(task, request, signal);
        silences.delete(url);
        return response;
      } catch (error) {
        // Any other error is one of this process, such as that it stops.
        const why = error instanceof PeerUnavailable ? error.message : silence?.why;
        if (why !== undefined) silences.set(url, { why, isAsked: false });
        throw error;
      }
    },
  };
}
