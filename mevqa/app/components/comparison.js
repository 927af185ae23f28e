// Two pictures of one size, one over the other up to a line that the user moves. Gradio runs this once.

const root = element.querySelector(".mevqa-comparison");
const [under, over] = root.querySelectorAll("img");
const range = root.querySelector("input");

function place() {
  root.style.setProperty("--at", `${range.value}%`);
  range.setAttribute("aria-valuetext", `${range.value} percent ${props.value?.under ?? ""}`);
}

function load() {
  const given = props.value;
  root.hidden = !given;
  if (!given) return;
  for (const [picture, source, text, label] of [
    [under, given.underPicture, given.under, ".under"],
    [over, given.overPicture, given.over, ".over"],
  ]) {
    picture.src = source;
    picture.alt = text;
    root.querySelector(label).textContent = text;
  }
  place();
}

range.addEventListener("input", place);
watch("value", load);
load();
