// What is asked of the server, and what its refusals mean to a reader.

export class Refusal extends Error {}

const LOST = "The review does not answer. Start “doppelscan review” again and open the address that it prints: every verdict that was saved is kept.";

const asked = async (path, options = {}) => {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", credentials: "same-origin", ...options });
  } catch {
    throw new Refusal(LOST);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) throw new Refusal(LOST);
  const said = await answer.json().catch(() => ({}));
  throw new Refusal(said.problem ?? `The review refused this (${answer.status}).`);
};

const posted = async (path, content) =>
  (await asked(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content),
  })).json();

export const queue = async () => (await asked("/api/queue")).json();
export const pair = async (id) => (await asked(`/api/pairs/${id}`)).json();
export const say = (id, label, comment) => posted("/api/verdicts", { pair: id, label, comment });
export const undo = () => posted("/api/undo", {});

const query = ({ plane, slice, channel }) => `?plane=${plane}&slice=${slice}&channel=${channel}`;

/** The values of a slice, as a typed array. */
export const values = async (id, side, place, bits) => {
  const buffer = await (await asked(`/api/pairs/${id}/values/${side}${query(place)}`)).arrayBuffer();
  return bits === 16 ? new Uint16Array(buffer) : new Uint8Array(buffer);
};

/** A whole volume, as NIfTI. */
export const volume = async (id, side, channel) =>
  (await asked(`/api/pairs/${id}/volume/${side}?channel=${channel}`)).arrayBuffer();

/** A slice of a map, as a picture. */
export const map = async (id, name, place) =>
  createImageBitmap(await (await asked(`/api/pairs/${id}/maps/${name}${query(place)}`)).blob());
