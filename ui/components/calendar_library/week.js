// The week of windows. Times are wall-clock texts of the zone that the page names ("2027-03-01T02:00:00"), and what is
// dragged comes back as how far it was: a Date of the browser cannot hold every hour of another zone.
const kept = new WeakMap();

function text(className, words) {
  const node = document.createElement("div");
  node.className = className;
  node.textContent = words;
  return node;
}

function options(data, send) {
  const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const two = (number) => String(number).padStart(2, "0");
  return {
    events: data.events.map((one) => ({
      id: one.id,
      start: one.start,
      end: one.end,
      title: one.title,
      display: one.shade ? "background" : "auto",
      editable: Boolean(one.movable),
      durationEditable: false,
      classNames: one.classes,
      extendedProps: one,
    })),
    date: data.first,
    allDaySlot: false,
    nowIndicator: false,
    headerToolbar: data.narrow ? { start: "title", center: "", end: "prev,next" } : { start: "", center: "", end: "" },
    validRange: { start: data.first, end: data.last },
    view: data.narrow ? "timeGridDay" : "timeGridWeek",
    firstDay: 1,
    height: data.height + "px",
    scrollTime: data.scroll,
    slotDuration: "01:00",
    slotHeight: 26,
    slotEventOverlap: false,
    snapDuration: data.step,
    eventLongPressDelay: 400,
    longPressDelay: 400,
    dragScroll: true,
    pointer: false,
    theme: (theme) => ({ ...theme, today: "" }),
    dayHeaderFormat: (date) => `${days[date.getDay()]} ${date.getDate()}`,
    titleFormat: (first) => `${days[first.getDay()]} ${first.getDate()}`,
    slotLabelFormat: (time) => `${two(time.getHours())}:00`,
    eventContent: ({ event }) => {
      const one = event.extendedProps;
      return one.shade
        ? { domNodes: [text("why", one.title)] }
        : { domNodes: [text("name", one.title), text("when", one.when), text("more", one.more)] };
    },
    eventDidMount: ({ el, event }) => {
      const one = event.extendedProps;
      el.title = one.says;
      if (one.shade) return;
      el.setAttribute("tabindex", "0");
      el.setAttribute("role", "button");
      el.addEventListener("keydown", (key) => {
        const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
        const step = steps[key.key];
        if (key.altKey && step && one.movable) {
          key.preventDefault();
          send("moved", { change: one.change, from: one.start, days: step[0], seconds: step[1] * one.step });
        } else if (key.key === "Enter" || key.key === " ") {
          key.preventDefault();
          send("picked", { change: one.change });
        }
      });
    },
    eventClick: ({ event }) => {
      if (!event.extendedProps.shade) send("picked", { change: event.extendedProps.change });
    },
    eventDrop: ({ event, delta }) => {
      const one = event.extendedProps;
      send("moved", { change: one.change, from: one.start, days: delta.days, seconds: delta.seconds });
    },
  };
}

export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".week");
  const narrow = place.clientWidth > 0 && place.clientWidth < 560;
  const wanted = { ...data, narrow };
  for (const [name, colour] of Object.entries(data.colours)) place.style.setProperty(`--${name}`, colour);
  const send = (name, value) => setTriggerValue(name, value);
  const before = kept.get(place);
  if (before && before.narrow === narrow && before.first === data.first) {
    const found = options(wanted, send);
    for (const name of ["eventDrop", "eventClick", "eventDidMount", "events"]) {
      before.calendar.setOption(name, found[name]);
    }
  } else {
    if (before) EventCalendar.destroy(before.calendar);
    kept.set(place, { calendar: EventCalendar.create(place, options(wanted, send)), narrow, first: data.first });
  }
  return () => {
    const last = kept.get(place);
    if (last) EventCalendar.destroy(last.calendar);
    kept.delete(place);
  };
}
