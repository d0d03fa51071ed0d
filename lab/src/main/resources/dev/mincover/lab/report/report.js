'use strict';

// Draws the charts, whose options the page carries as data, and lets buttons change their views.
(function () {
  const data = JSON.parse(document.getElementById('data').textContent);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const chosen = {}; // The view of each control that is not as it was at first.
  const drawn = new Map(); // By the id of the element.
  let printing = false;

  function draw(id) {
    const { option, renderer, views } = data.charts[id];
    drawn.get(id)?.dispose();
    const theme = dark.matches && !printing ? data.themes.dark : data.themes.light;
    const chart = echarts.init(document.getElementById(id), theme, { renderer, locale: 'EN' });
    chart.setOption(option);
    for (const control of Object.keys(views)) {
      if (control in chosen) {
        chart.setOption(views[control][chosen[control]]);
      }
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

  // Each chart is drawn when it comes near the window, so that a phone shows the first at once.
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting && !drawn.has(target.id)) {
        draw(target.id);
      }
    }
  }, { rootMargin: '600px' });
  const sized = new ResizeObserver((entries) => {
    entries.forEach(({ target }) => drawn.get(target.id)?.resize());
  });
  for (const id of Object.keys(data.charts)) {
    near.observe(document.getElementById(id));
    sized.observe(document.getElementById(id));
  }

  document.querySelectorAll('button').forEach((button) => {
    button.addEventListener('click', () => show(button));
  });
  dark.addEventListener('change', drawAll);

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
