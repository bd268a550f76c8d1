// A person before a camera, for tests: stands in for `getUserMedia` in a page that it leaves alone otherwise. It reads
// the page as a person does, and moves a synthetic head as asked, or as told not to: a step of five degrees for each
// frame taken, so that a machine under load sees no jump. Time passes twice as fast. `POSES` is put in by the test:
// JPEG, base64, by movement from the look into the camera outwards.
(() => {
  const specimen = { obeys: true, take: 0, streams: [] };
  const opposite = { left: "right", right: "left", up: "left" };
  const [now, later] = [performance.now.bind(performance), setTimeout.bind(window)];
  performance.now = () => now() * 2;
  window.setTimeout = (work, milliseconds) => later(work, milliseconds / 2);

  const decoded = (text) =>
    createImageBitmap(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], { type: "image/jpeg" }));
  const poses = Object.entries(POSES).map(async ([name, texts]) => [name, await Promise.all(texts.map(decoded))]);

  let step = () => {};
  const taken = HTMLCanvasElement.prototype.toBlob;
  HTMLCanvasElement.prototype.toBlob = function (...how) {
    taken.apply(this, how);
    step();
  };

  navigator.mediaDevices.getUserMedia = async () => {
    const heads = Object.fromEntries(await Promise.all(poses));
    const [canvas, take] = [document.createElement("canvas"), specimen.take++];
    [canvas.width, canvas.height] = [640, 480];
    const brush = canvas.getContext("2d");
    let [to, turned] = ["left", 0];
    const draw = () => {
      // Another take is nearer and lighter, and elsewhere: no copy of the one before.
      const zoom = 1 + 0.06 * take;
      const [x, y] = [140 - 25 * take + 3 * Math.random(), 30 - 12 * take + 3 * Math.random()];
      const head = turned === 0 ? heads.front[0] : heads[to][turned - 1];
      brush.fillStyle = ["#8a8f94", "#a89f90", "#909a88"][take % 3];
      brush.fillRect(0, 0, 640, 480);
      brush.drawImage(head, x, y, head.width * zoom, head.height * zoom);
      brush.fillStyle = `rgb(255 255 255 / ${0.04 * take})`;
      brush.fillRect(0, 0, 640, 480);
    };
    step = () => {
      const { state, to: asked } = document.getElementById("camera").dataset;
      const wanted = state !== "filming" ? "front" : specimen.obeys ? asked : (opposite[asked] ?? asked);
      if (wanted in opposite && turned === 0) to = wanted;
      if (wanted === to) turned = Math.min(turned + 1, heads[to].length);
      else turned = Math.max(turned - 1, 0);
      draw();
    };
    draw();
    setInterval(draw, 50);
    const stream = canvas.captureStream();
    specimen.streams.push(stream);
    return stream;
  };
  window.specimen = specimen;
})();
