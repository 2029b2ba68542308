// Reads calendars with ical.js: JSON {name: text} comes in, JSON {name: [event, …]} goes out.
import { createRequire } from "node:module";
const ICAL = createRequire(process.argv[2])("ical.js");

const instant = (time) => (time.isDate ? time.toString() : time.toJSDate().toISOString());

function events(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(zone);
  }
  return calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component);
    const value = (name) => component.getFirstPropertyValue(name);
    return {
      uid: event.uid,
      start: instant(event.startDate),
      end: instant(event.endDate),
      summary: event.summary,
      description: event.description ?? "",
      location: event.location ?? "",
      status: value("status"),
      sequence: event.sequence,
    };
  });
}

let input = "";
for await (const piece of process.stdin) input += piece;
const read = Object.fromEntries(Object.entries(JSON.parse(input)).map(([name, text]) => [name, events(text)]));
process.stdout.write(JSON.stringify(read));
