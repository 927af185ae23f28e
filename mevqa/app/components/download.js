// Save what the server sends as a file, at once. Gradio runs this once.

watch("value", () => {
  const given = props.value;
  if (!given) return;
  const bytes = Uint8Array.from(atob(given.content), (letter) => letter.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type: given.type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = given.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
});
