'use strict';

// Draws the charts, whose options the page carries as data, and lets buttons change their views.
(function () {
  const data = JSON.parse(document.getElementById('data').textContent);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const chosen = {}; // The view of each control that is not as it was at first.
  const drawn = new Map(); // By the id of the element.
  let printing = false;

  function draw(id) {
    const { option, paper, renderer, views } = data.charts[id];
    drawn.get(id)?.dispose();
    const theme = dark.matches && !printing ? data.themes.dark : data.themes.light;
    const chart = echarts.init(document.getElementById(id), theme, { renderer, locale: 'EN' });
    chart.setOption(option);
    for (const control of Object.keys(views)) {
      if (control in chosen) {
        chart.setOption(views[control][chosen[control]]);
      }
    }
    if (printing) {
      chart.setOption(paper);
    }
    drawn.set(id, chart);
  }

  function drawAll() {
    drawn.forEach((_, id) => draw(id));
  }

  function show(button) {
    const { control, view } = button.dataset;
    chosen[control] = view;
    button.parentElement.querySelectorAll('button').forEach((each) => {
      each.setAttribute('aria-pressed', String(each === button));
    });
    drawn.forEach((chart, id) => {
      const patch = data.charts[id].views[control]?.[view];
      if (patch) {
        chart.setOption(patch);
      }
    });
  }

  const sized = new ResizeObserver((entries) => {
    entries.forEach(({ target }) => drawn.get(target.id)?.resize());
  });

  // One after the other, so that the page can be read and scrolled meanwhile.
  function drawNext([id, ...others]) {
    if (id !== undefined) {
      if (!drawn.has(id)) {
        draw(id);
        sized.observe(document.getElementById(id));
      }
      setTimeout(drawNext, 0, others);
    }
  }

  document.querySelectorAll('button').forEach((button) => {
    button.addEventListener('click', () => show(button));
  });
  dark.addEventListener('change', drawAll);
  drawNext(Object.keys(data.charts));

  // On paper everything is drawn, and dark ink on white.
  addEventListener('beforeprint', () => {
    printing = true;
    Object.keys(data.charts).forEach(draw);
  });
  addEventListener('afterprint', () => {
    printing = false;
    drawAll();
  });
})();
