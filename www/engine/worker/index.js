/**
 * The engine's side of the page: a package and a network (`load.js`), what it holds (`session.js`), what there is to do
 * (`queue.js`), the forward pass (`run.js`) and answers to questions (`answers.js`). Orders come in here. Between two layers it
 * listens, so that a newer order is never further away than one layer.
 *
 * @typedef {import('../protocol.js').Order} Order
 */
import { answer } from './answers.js';
import { Loader } from './load.js';
import { Queue } from './queue.js';
import { Session } from './session.js';
import { given } from './started.js';
import { tell, tellBroken } from './tell.js';

const loader = new Loader(given.get('expected'));
const session = new Session();
const queue = new Queue(session);

/** @type {{[T in Order['type']]: (order: Extract<Order, {type: T}>) => void}} */
const follow = {
  begin: ({ ticket }) => loader.begin(ticket),
  async load(order) {
    await loader.load(order, (network) => {
      queue.leaveStudy();
      session.takeNetwork(network);
    });
    void queue.work();
  },
  picture: ({ bitmap }) => session.takePicture(bitmap),
  run: (order) => queue.run(order),
  display({ display, thumbnails }) {
    Object.assign(session.strips, { display, thumbnails });
    session.isOutdated = true;
    void queue.work();
  },
  switch({ off }) {
    session.off = off;
    session.isSwitched = true;
    void queue.work();
  },
  ask: (order) => void answer(session, queue, order),
  cancel: ({ id }) => queue.cancel(id),
  listening: () => tell({ type: 'listening' }),
};

// Of what no `catch` expected the page would hear nothing.
onunhandledrejection = (event) => {
  event.preventDefault();
  tellBroken(event.reason);
};

/** @param {MessageEvent<Order>} event */
onmessage = ({ data: order }) => /** @type {(order: Order) => void} */ (follow[order.type])(order);
