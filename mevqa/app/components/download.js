// Save what the server sends as a file, at once. Gradio runs this once.

watch("value", () => {
  const said = props.value;
  if (!said) return;
  const bytes = Uint8Array.from(atob(said.content), (letter) => letter.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type: said.type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = said.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
});
