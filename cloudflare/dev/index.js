// Stands for the zone's routes in `npm run dev`: administration goes to control, everything else to the gate.
export default {
  fetch(request, { GATE, CONTROL }) {
    const { pathname } = new URL(request.url);
    return (/^\/admin\/v1(\/|$)/.test(pathname) ? CONTROL : GATE).fetch(request);
  },
};
