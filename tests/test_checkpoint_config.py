"""What a configuration says has to fit the tensors; what ordinary models have beside is passed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checks.properties.weighed import weigh
from checks.suite.house import BUILT_IN
from checks.suite.problem import InputProblem
from tests.test_checkpoint_families import attention, by_family, plain

BESIDE = {
    "gpt2": ["wte.weight", "wpe.weight", "transformer.h.0.ln_1.weight", "transformer.ln_f.bias",
             "transformer.h.1.attn.c_proj.weight", "transformer.h.0.mlp.c_fc.weight"],
    "gpt_neox": ["gpt_neox.layers.0.attention.rotary_emb.inv_freq", "embed_out.weight",
                 "gpt_neox.layers.1.attention.masked_bias", "gpt_neox.embed_in.weight",
                 "gpt_neox.layers.0.attention.dense.weight",
                 "gpt_neox.layers.0.mlp.dense_h_to_4h.weight"],
    "bloom": ["word_embeddings.weight", "word_embeddings_layernorm.bias", "ln_f.weight",
              "h.0.self_attention.dense.bias", "h.0.post_attention_layernorm.weight"],
    "llama": ["model.embed_tokens.weight", "lm_head.weight", "model.norm.weight",
              "model.layers.0.self_attn.o_proj.weight", "model.layers.1.mlp.gate_proj.weight",
              "model.layers.0.self_attn.rotary_emb.inv_freq",
              "model.layers.0.input_layernorm.weight"],
    "gemma2": ["model.layers.0.pre_feedforward_layernorm.weight",
               "model.layers.0.post_attention_layernorm.weight"],
    "phi3": ["model.layers.0.self_attn.o_proj.weight", "model.layers.0.mlp.gate_up_proj.weight"],
    "bert": ["bert.embeddings.position_ids", "bert.embeddings.word_embeddings.weight",
             "bert.encoder.layer.0.attention.output.dense.weight", "bert.pooler.dense.bias",
             "bert.encoder.layer.1.attention.output.LayerNorm.weight",
             "cls.predictions.bias", "bert.encoder.layer.0.intermediate.dense.weight"],
    "vit": ["vit.embeddings.cls_token", "vit.embeddings.position_embeddings",
            "vit.encoder.layer.0.attention.output.dense.weight", "classifier.weight",
            "vit.encoder.layer.0.layernorm_before.weight"],
}  # fmt: skip


@pytest.mark.parametrize("name", BESIDE)
def test_the_other_tensors_of_a_family_are_passed(tmp_path: Path, name: str) -> None:
    beside = {n: np.ones(3, np.float32) for n in BESIDE[name]}
    found = weigh(by_family(tmp_path / "more", name, beside), None, BUILT_IN)
    assert found.figures == weigh(by_family(tmp_path / "bare", name), None, BUILT_IN).figures


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("llama", {"model_type": "falcon"}, "a model_type among bert, bloom"),
        ("llama", {"model_type": None}, "a model_type among bert, bloom"),
        ("llama", {"num_hidden_layers": 1}, "1 layers, as config.json says"),
        ("llama", {"num_hidden_layers": 3}, "a tensor named model.layers.2"),
        ("llama", {"num_attention_heads": "4"}, "num_attention_heads to be a positive whole"),
        ("llama", {"num_attention_heads": 2}, "queries and keys of one size"),
        ("llama", {"num_key_value_heads": 4}, "queries and keys of one size"),
        ("llama", {"rope_scaling": {"rope_type": "yarn"}}, "rotary positions of a kind among"),
        ("llama", {"rope_parameters": {"full": {"rope_type": "longrope"}}}, "received longrope"),
        ("phi3", {"num_key_value_heads": 4}, "heads of dimension 6"),
        ("gemma2", {"query_pre_attn_scalar": None}, "a positive query_pre_attn_scalar"),
        ("bert", {"position_embedding_type": "relative_key"}, "position_embedding_type"),
        ("bert", {"model_type": "llama"}, "one tensor named layers.0.self_attn.q_proj.weight"),
        ("llama", {"num_hidden_layers": 10**9}, "at most 100000"),
        ("gpt2", {"n_layer": 10**5}, "100000 layers, as config.json says"),
        ("llama", {"num_attention_heads": 10**9, "head_dim": 6}, "at most 100000"),
        ("llama", {"hidden_size": 48, "head_dim": 6}, "an embedding of 48, as config.json says"),
        ("gpt2", {"n_embd": 3}, "n_embd of at least n_head in config.json"),
        ("gpt2", {"n_embd": 25}, "an embedding of 25, as config.json says"),
        ("llama", {"rope_scaling": "yarn"}, "rope_scaling to be an object or null"),
        ("llama", {"rope_scaling": ["yarn"]}, "rope_scaling to be an object or null"),
        ("llama", {"attention_bias": True}, "attention_bias = True in config.json"),
        ("qwen2", {"attention_bias": False}, "attention_bias = False in config.json"),
        ("vit", {"qkv_bias": False}, "qkv_bias = False in config.json"),
        ("vit", {"qkv_bias": 0}, "qkv_bias to be true or false"),
        ("gpt2", {"scale_attn_weights": 0}, "scale_attn_weights to be true or false"),
        ("gpt2", {"scale_attn_weights": None}, "scale_attn_weights to be true or false"),
        ("gpt_neox", {"rotary_pct": "0.25"}, "rotary_pct in config.json to be a number"),
        (
            "llama",
            {"model_type": "gemma2", "query_pre_attn_scalar": 16},
            "attn_logit_softcapping in config.json",
        ),
        ("llama", {"model_type": "qwen3"}, "a tensor named model.layers.0.self_attn.q_norm"),
        ("qwen3", {"model_type": "llama"}, "entropy = true or false in the map"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(
    tmp_path: Path, name: str, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InputProblem) as refused:
        weigh(by_family(tmp_path / "m", name, {}, **changes), None, BUILT_IN)
    assert reason in str(refused.value)


def test_nothing_is_said_of_rotary_positions_that_turn_nothing(tmp_path: Path) -> None:
    for k, (share, turned) in enumerate([(0.0, False), (0.25, True), (1, True)]):
        found = weigh(by_family(tmp_path / str(k), "gpt_neox", rotary_pct=share), None, BUILT_IN)
        assert {h.logits.rotary for h in found.heads} == {turned}


def test_a_file_an_index_and_a_folder_are_one_checkpoint(tmp_path: Path) -> None:
    folder = by_family(tmp_path / "m", "llama")
    whole = weigh(folder, None, BUILT_IN)
    assert weigh(folder / "m.safetensors", None, BUILT_IN).figures == whole.figures
    (folder / "other.safetensors").write_bytes((folder / "m.safetensors").read_bytes())
    with pytest.raises(InputProblem, match=r"received m\.safetensors, other\.safetensors"):
        weigh(folder, None, BUILT_IN)
    names = {n: "m.safetensors" for k, layer in enumerate(attention(2)) for n in plain(k, layer)}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": names}))
    for path in (folder, index):
        assert weigh(path, None, BUILT_IN).figures == whole.figures
