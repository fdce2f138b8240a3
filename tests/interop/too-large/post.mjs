// Posts a body of a length with fetch and prints the status of the answer.
const [url, length] = process.argv.slice(2);
const piece = new Uint8Array(64 * 1024);
let left = Number(length);
const body = new ReadableStream({
  pull(controller) {
    if (left === 0) return controller.close();
    const size = Math.min(left, piece.length);
    left -= size;
    controller.enqueue(piece.slice(0, size));
  },
});
try {
  const answer = await fetch(url, { method: "POST", body, duplex: "half" });
  console.log(answer.status);
} catch (error) {
  console.log(String(error.cause ?? error));
}
process.exit(0);
